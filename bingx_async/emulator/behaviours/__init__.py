"""The behaviour of endpoints: how each changes the book, and the `data` it answers, one topic a file.

A behaviour takes the desk and the parameters, raw tokens by name. It either returns the data or raises a
`BusinessRefusal` having changed nothing.
"""
