"""The JSON model of a workbook: what the file may hold, key by key."""
