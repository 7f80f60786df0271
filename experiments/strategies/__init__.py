"""Mirror methods, projected methods and regret matching on games with mixed strategies."""
