"""Mirror methods, projected methods and regret matching for mixed strategies."""
