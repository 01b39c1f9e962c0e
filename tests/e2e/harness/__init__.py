"""What the end-to-end tests stand on: a server, clients of AWS's making, a mail sink, raw requests."""
