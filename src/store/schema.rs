//! The tables as Diesel sees them: one schema for both databases. Printed by `diesel print-schema` from SQLite, without the
//! columns that the databases work out themselves: those stand in the conditions of `keys/matching.rs` alone.

diesel::table! {
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}

diesel::table! {
    account_policies (account, policy) {
        account -> BigInt,
        policy -> BigInt,
    }
}

diesel::table! {
    accounts (id) {
        id -> BigInt,
        kind -> Text,
        username -> Text,
        display_name -> Text,
        email -> Nullable<Text>,
        password_hash -> Nullable<Text>,
        role -> Text,
        active -> Bool,
        appearance -> Text,
        created_at -> BigInt,
        created_by -> Nullable<BigInt>,
        last_sign_in_at -> Nullable<BigInt>,
        last_sign_in_address -> Nullable<Text>,
        name_folded -> Text,
        description -> Text,
        deleted_at -> Nullable<BigInt>,
        email_folded -> Nullable<Text>,
    }
}

diesel::table! {
    api_keys (id) {
        id -> BigInt,
        first_eight -> Text,
        secret_hash -> Binary,
        owner -> BigInt,
        name -> Text,
        holds_name -> Bool,
        note -> Text,
        grant_kind -> Text,
        created_at -> BigInt,
        created_by -> BigInt,
        rotated_at -> Nullable<BigInt>,
        expires_at -> Nullable<BigInt>,
        disabled_at -> Nullable<BigInt>,
        disabled_by -> Nullable<BigInt>,
        disabled_reason -> Text,
        revoked_at -> Nullable<BigInt>,
        revoked_by -> Nullable<BigInt>,
        revoked_reason -> Text,
        last_used_at -> Nullable<BigInt>,
        last_used_address -> Nullable<Text>,
        last_used_agent -> Nullable<Text>,
        use_count -> BigInt,
        version -> BigInt,
        name_folded -> Text,
        note_folded -> Text,
        owner_folded -> Text,
        changed_at -> BigInt,
        policy -> Nullable<BigInt>,
        resource -> Nullable<BigInt>,
        end_limit -> Nullable<BigInt>,
    }
}

diesel::table! {
    asked_permissions (key, permission) {
        key -> BigInt,
        permission -> BigInt,
        asked_at -> BigInt,
    }
}

diesel::table! {
    audit_chain (id) {
        id -> BigInt,
        purged_sequence -> BigInt,
        purged_hash -> Binary,
        last_sequence -> BigInt,
        last_hash -> Binary,
        last_change -> BigInt,
        fed_sequence -> BigInt,
    }
}

diesel::table! {
    audit_events (id) {
        id -> BigInt,
        at -> BigInt,
        actor -> Nullable<BigInt>,
        actor_name -> Text,
        via -> Text,
        action -> Text,
        target -> Text,
        outcome -> Text,
        details -> Text,
        address -> Nullable<Text>,
        request -> Nullable<Text>,
        sequence -> BigInt,
        hash -> Binary,
    }
}

diesel::table! {
    bulk_job_keys (job, key) {
        job -> BigInt,
        key -> BigInt,
        version -> BigInt,
        outcome -> Text,
        skip_reason -> Nullable<Text>,
        before -> Nullable<Text>,
    }
}

diesel::table! {
    bulk_jobs (id) {
        id -> BigInt,
        operation -> Text,
        source -> Text,
        state -> Text,
        frozen_at -> BigInt,
        is_frozen -> Bool,
        frozen_up_to -> BigInt,
        created_by -> BigInt,
        created_name -> Text,
        address -> Nullable<Text>,
        request -> Nullable<Text>,
        reason -> Text,
        undoes -> Nullable<BigInt>,
        undone_by -> Nullable<BigInt>,
        total -> BigInt,
        people -> BigInt,
        services -> BigInt,
        recent -> BigInt,
        own -> BigInt,
        done -> BigInt,
        shortened -> BigInt,
        skipped -> BigInt,
        stop_asked -> Bool,
        confirmed_at -> Nullable<BigInt>,
        finished_at -> Nullable<BigInt>,
        lease_owner -> Nullable<Text>,
        lease_until -> BigInt,
    }
}

diesel::table! {
    changes (id) {
        id -> BigInt,
        changed -> Text,
        tag -> BigInt,
    }
}

diesel::table! {
    daily_usage (day) {
        day -> BigInt,
        uses -> BigInt,
        refusals -> BigInt,
    }
}

diesel::table! {
    job_keys (job, key) {
        job -> BigInt,
        key -> BigInt,
        version -> BigInt,
        outcome -> Text,
        why -> Text,
        before_at -> Nullable<BigInt>,
        before_by -> Nullable<BigInt>,
        before_reason -> Nullable<Text>,
    }
}

diesel::table! {
    jobs (id) {
        id -> BigInt,
        verb -> Text,
        state -> Text,
        frozen_at -> BigInt,
        filter -> Nullable<Text>,
        created_by -> BigInt,
        created_name -> Text,
        address -> Nullable<Text>,
        request -> Nullable<Text>,
        reason -> Text,
        expires_at -> Nullable<BigInt>,
        parameter -> Text,
        undoes -> Nullable<BigInt>,
        undone_by -> Nullable<BigInt>,
        total -> BigInt,
        people -> BigInt,
        services -> BigInt,
        recent -> BigInt,
        own -> BigInt,
        done -> BigInt,
        left_count -> BigInt,
        stop_asked -> Bool,
        confirmed_at -> Nullable<BigInt>,
        finished_at -> Nullable<BigInt>,
        lease_owner -> Nullable<Text>,
        lease_until -> BigInt,
        source -> Text,
        is_frozen -> Bool,
        frozen_up_to -> BigInt,
        shortened -> BigInt,
    }
}

diesel::table! {
    kept_counts (name) {
        name -> Text,
        number -> BigInt,
        counted_at -> BigInt,
    }
}

diesel::table! {
    key_addresses (key, address) {
        key -> BigInt,
        address -> Text,
        agent -> Text,
        uses -> BigInt,
        first_at -> BigInt,
        last_at -> BigInt,
    }
}

diesel::table! {
    key_scopes (key, permission) {
        key -> BigInt,
        permission -> BigInt,
    }
}

diesel::table! {
    key_secrets (id) {
        id -> BigInt,
        key -> BigInt,
        secret_hash -> Binary,
        expires_at -> BigInt,
    }
}

diesel::table! {
    key_usage (key, day) {
        key -> BigInt,
        day -> BigInt,
        uses -> BigInt,
        refusals -> BigInt,
    }
}

diesel::table! {
    lifetime_rules (id) {
        id -> BigInt,
        applies_to -> Text,
        subject -> Text,
        default_days -> Nullable<Integer>,
        longest_days -> Nullable<Integer>,
        allow_never -> Bool,
        idle_days -> Nullable<Integer>,
        idle_from -> BigInt,
        keys_per_owner -> Nullable<Integer>,
        changed_at -> BigInt,
        changed_by -> Nullable<BigInt>,
        default_seconds -> Nullable<BigInt>,
        longest_seconds -> Nullable<BigInt>,
    }
}

diesel::table! {
    permissions (id) {
        id -> BigInt,
        name -> Text,
        service -> Text,
        description -> Text,
        registered_at -> BigInt,
        retired_at -> Nullable<BigInt>,
        retired_by_administrator -> Bool,
    }
}

diesel::table! {
    policies (id) {
        id -> BigInt,
        name -> Text,
        name_folded -> Text,
        description -> Text,
        version -> BigInt,
        created_at -> BigInt,
        created_by -> Nullable<BigInt>,
        changed_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
        for_new_people -> Bool,
    }
}

diesel::table! {
    policy_permissions (policy, permission) {
        policy -> BigInt,
        permission -> BigInt,
    }
}

diesel::table! {
    purge_marks (key) {
        key -> BigInt,
        marked_at -> BigInt,
    }
}

diesel::table! {
    refusals (day, key, reason, address, asked) {
        day -> BigInt,
        key -> BigInt,
        reason -> Text,
        address -> Text,
        asked -> Text,
        times -> BigInt,
        last_at -> BigInt,
    }
}

diesel::table! {
    resource_administrators (resource, account) {
        resource -> BigInt,
        account -> BigInt,
    }
}

diesel::table! {
    resource_kind_permissions (kind, permission) {
        kind -> Text,
        permission -> BigInt,
    }
}

diesel::table! {
    resource_kinds (name) {
        name -> Text,
    }
}

diesel::table! {
    resources (id) {
        id -> BigInt,
        kind -> Text,
        external_id -> Text,
        title -> Text,
        title_folded -> Text,
        created_at -> BigInt,
        created_by -> Nullable<BigInt>,
        name_folded -> Text,
    }
}

diesel::table! {
    saved_views (id) {
        id -> BigInt,
        account -> BigInt,
        name -> Text,
        query -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    session_keys (id) {
        id -> BigInt,
        first_eight -> Text,
        secret_hash -> Binary,
        session -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    sessions (id) {
        id -> BigInt,
        id_hash -> Binary,
        account -> BigInt,
        state -> Text,
        created_at -> BigInt,
        last_seen_at -> BigInt,
        expires_at -> BigInt,
        address -> Text,
        user_agent -> Text,
    }
}

diesel::table! {
    settings (name) {
        name -> Text,
        value -> Text,
        changed_at -> BigInt,
    }
}

diesel::table! {
    sign_in_links (token_hash) {
        token_hash -> Binary,
        account -> BigInt,
        created_at -> BigInt,
        created_by -> Nullable<BigInt>,
        expires_at -> BigInt,
    }
}

diesel::table! {
    used_forms (form_hash) {
        form_hash -> Binary,
        account -> BigInt,
        first_eight -> Text,
        used_at -> BigInt,
        key -> Nullable<BigInt>,
    }
}

diesel::joinable!(key_secrets -> api_keys (key));
diesel::joinable!(sessions -> accounts (account));
diesel::joinable!(used_forms -> accounts (account));

diesel::allow_tables_to_appear_in_same_query!(
    account_policies,
    accounts,
    api_keys,
    asked_permissions,
    audit_chain,
    audit_events,
    bulk_job_keys,
    bulk_jobs,
    changes,
    daily_usage,
    job_keys,
    jobs,
    kept_counts,
    key_addresses,
    key_scopes,
    key_secrets,
    key_usage,
    lifetime_rules,
    permissions,
    policies,
    policy_permissions,
    purge_marks,
    refusals,
    resource_administrators,
    resource_kind_permissions,
    resource_kinds,
    resources,
    saved_views,
    session_keys,
    sessions,
    settings,
    sign_in_links,
    used_forms,
);
