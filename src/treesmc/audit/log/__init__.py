"""Reading logs, checking each line, keeping what estimators need."""
