"""Functions across packages, with derivatives that go through: one file a package, imported only where it is used."""
