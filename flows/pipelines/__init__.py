"""What programs may ask for, an operation a file: `NEUROCORTEX_GATEWAY__PIPELINES` names them."""
