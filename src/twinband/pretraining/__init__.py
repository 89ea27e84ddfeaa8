"""Masked pretraining on the pool: its data, its task, what it draws and what it leaves behind."""
