"""The pages: a board for technicians, served by this process over TLS, and what lets a browser in."""
