"""Amparo: an anonymous tip line and victim-help chatbot (see README.md)."""
