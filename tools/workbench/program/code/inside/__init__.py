"""What runs inside the sandbox beside a module's text. Only the texts of these modules are used."""
