"""ONNX: standard nodes (LSTM, GRU, RNN and the rest, no loops), written from the plain description of a network."""
