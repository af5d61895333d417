"""The Open Inference Protocol, version 2: tensors in, tensors out, as JSON or as bytes."""
