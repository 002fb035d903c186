"""Placeholder to be written."""
from dash import html
from dashboard.wall.screen import Screen
SCREEN = Screen(key="map", frame=lambda: html.Div("map"), panels=())
