"""Rows: what there is of stages, simulators, model families, engine targets and places: one row each, as data.

Rows name modules and import none, so that planning, Airflow and a pod that needs one of them read all of them.
"""
