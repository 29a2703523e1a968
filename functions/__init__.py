"""Sheetline: functions."""
