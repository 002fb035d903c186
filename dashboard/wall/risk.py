"""Placeholder to be written."""
from dash import html
from dashboard.wall.screen import Screen
SCREEN = Screen(key="risk", frame=lambda: html.Div("risk"), panels=())
