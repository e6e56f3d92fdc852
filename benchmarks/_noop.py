"""`python -m benchmarks._noop PORT`: an empty route of the gateway's framework and server."""

import sys

import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def noop() -> dict[str, str]:
    """Answer with next to nothing."""
    return {"status": "ok"}


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning")
