"""Who can label images: each public module here is an annotator, named in params.yaml.

An annotator module has ``open_annotator(weights, options, device) -> Annotator``; the stage
``pseudo_labels`` imports the ones that ``pseudo_labels.common`` names, so another one is one more
file here.
"""
