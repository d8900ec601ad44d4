"""Who asks, and may they: users and their tokens, and role-based access control."""
