"""Hostile raw data, built by code: what a dataset's folder may hold to do harm, or by bad luck."""
