"""What each alias chooses and each deployment serves, or did on a day."""
