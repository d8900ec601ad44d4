"""What users may say: each annotation, flag and configuration key declared once."""
