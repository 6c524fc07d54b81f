"""Our own small server around Rasa's loaded model: `python -m serve`, with `nlu/` as working directory."""
