"""The public verbs, each written once: every front door calls them. Import the module that holds the verb."""
