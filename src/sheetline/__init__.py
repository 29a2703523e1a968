"""Sheetline."""
