"""The description of the API, in the words of OpenAPI."""
