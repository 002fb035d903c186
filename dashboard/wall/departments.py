"""Placeholder to be written."""
from dash import html
from dashboard.wall.screen import Screen
SCREEN = Screen(key="departments", frame=lambda: html.Div("departments"), panels=())
