"""Segment Anything: any model that segment_anything builds, and its automatic masks, fast."""
