"""Our Rasa graph components. Named in `config.yml`; importable because Rasa runs with `nlu/` as working directory.

Rasa's cache knows a component only by the source of its own class and its configuration. `train.py` therefore trains
from an empty cache whenever anything in this folder changed.
"""
