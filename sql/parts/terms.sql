o.id, o.client_order_id, o.user_id, o.order_type, o.swap_mode, o.token_in, o.token_out, o.amount,
    o.slippage_bps, o.style, o.amount_input, (extract(epoch from o.created_at) * 1000000)::bigint
