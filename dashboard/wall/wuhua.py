"""Placeholder to be written."""
from dash import html
from dashboard.wall.screen import Screen
SCREEN = Screen(key="wuhua", frame=lambda: html.Div("wuhua"), panels=())
