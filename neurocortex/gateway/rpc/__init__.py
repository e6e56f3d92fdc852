"""gRPC for services: the same requests, credentials and limits as over HTTP."""
