"""The HTTP server: connections, access checks, routes, the description of the API and the page."""
