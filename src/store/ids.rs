//! Ids as the columns that hold them: `BIGINT`, also where it may be null.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, Queryable};
use diesel::expression::AsExpression;
use diesel::internal::derives::as_expression::Bound;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{BigInt, Nullable, SingleValue};

use crate::domain::ids::{AccountId, JobId, KeyId, PermissionId, PolicyId, ResourceId, SavedViewId, SessionId};

macro_rules! stored {
    ($($id:ty),+) => {$(
        impl<B: Backend> FromSql<BigInt, B> for $id
        where
            i64: FromSql<BigInt, B>,
        {
            fn from_sql(bytes: B::RawValue<'_>) -> deserialize::Result<Self> {
                <i64 as FromSql<BigInt, B>>::from_sql(bytes).map(Self)
            }
        }

        impl<B: Backend> ToSql<BigInt, B> for $id
        where
            i64: ToSql<BigInt, B>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, B>) -> serialize::Result {
                <i64 as ToSql<BigInt, B>>::to_sql(&self.0, out)
            }
        }

        impl<T: SingleValue, B: Backend> Queryable<T, B> for $id
        where
            Self: FromSql<T, B>,
        {
            type Row = Self;

            fn build(row: Self) -> deserialize::Result<Self> {
                Ok(row)
            }
        }

        stored!(@bound $id, BigInt);
        stored!(@bound $id, Nullable<BigInt>);
    )+};
    (@bound $id:ty, $column:ty) => {
        impl AsExpression<$column> for $id {
            type Expression = Bound<$column, i64>;

            fn as_expression(self) -> Self::Expression {
                Bound::new(self.0)
            }
        }

        impl AsExpression<$column> for &$id {
            type Expression = Bound<$column, i64>;

            fn as_expression(self) -> Self::Expression {
                Bound::new(self.0)
            }
        }
    };
}

stored!(AccountId, JobId, KeyId, PermissionId, PolicyId, ResourceId, SavedViewId, SessionId);
