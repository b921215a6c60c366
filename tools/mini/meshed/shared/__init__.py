"""What scenes of more than one folder are made of."""
