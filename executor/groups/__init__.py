"""Groups of orders: brackets, ladders, one-cancels-other, verticals."""
