"""SAM: any model that segment_anything builds, and automatic masks of an image, fast."""
