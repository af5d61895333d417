"""What a training learns from: tables read as columns with roles, dates and weights."""
