"""This library beside others, measured in one run: ratios travel from machine to machine, absolute figures do not."""
