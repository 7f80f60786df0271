"""Experiments that test published claims: one package per paper."""
