"""Refused rows and documents: corrected by a person, held to the gate again, and loaded."""
