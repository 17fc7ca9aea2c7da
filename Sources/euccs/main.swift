print("euccs")
