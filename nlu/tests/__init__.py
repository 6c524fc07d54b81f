"""Unit tests of the components and the server, run in the Rasa environment: `python -m unittest discover -s tests`.

They use the standard library's `unittest`, so that the environment that is shipped holds nothing for tests.
`make test` runs them through `tests/nlu/test_rasa_project.py`.
"""
