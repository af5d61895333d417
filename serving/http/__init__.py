"""The HTTP server: connections, who is let in, routes, the description of the API, the page."""
