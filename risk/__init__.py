"""Watches every fill and position, enforces the rules, halts."""
