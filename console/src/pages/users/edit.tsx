// Licence and type of many users: of each its own, or of all the same.

import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Select, { type SelectProps } from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";

import { call } from "../../api/client";
import type { ChimeAccount, ChimeUpdateUserRequestItem, ChimeUser } from "../../api/operations";
import { CopyAs } from "../../common/copy-as";
import { type Closing, UserBatch, nameOf } from "./user-batch";

/** Users of one request. Source: the limit of `BatchUpdateUser` here. */
const AT_ONCE = 20;

type License = ChimeUpdateUserRequestItem["LicenseType"];
type Type = ChimeUpdateUserRequestItem["UserType"];
type Change = Omit<ChimeUpdateUserRequestItem, "UserId" | "AlexaForBusinessMetadata">;

export const USER_TYPES: Record<NonNullable<Type>, string> = { PrivateUser: "Person", SharedDevice: "Shared device" };

interface Props extends Closing {
  account: ChimeAccount | undefined;
  users: ChimeUser[];
}

export function Edit({ account, users, onClose, onDone }: Props) {
  const [changes, setChanges] = useState<Record<string, Change>>({});
  const AccountId = account?.AccountId ?? "";
  const licenses: SelectProps.Option[] = (account?.SupportedLicenses ?? []).map((value) => ({ value, label: value }));
  const types: SelectProps.Option[] = Object.entries(USER_TYPES).map(([value, label]) => ({ value, label }));
  const changed = users.filter((user) => Object.keys(itemOf(user)).length > 1);

  /** What is asked of a user: nothing that is so already. */
  function itemOf(user: ChimeUser): ChimeUpdateUserRequestItem {
    const { LicenseType, UserType } = changes[user.UserId] ?? {};
    return {
      UserId: user.UserId,
      ...(LicenseType && LicenseType !== user.LicenseType && { LicenseType }),
      ...(UserType && UserType !== user.UserType && { UserType }),
    };
  }

  function set(of: ChimeUser[], change: Change) {
    setChanges((before) => ({
      ...before,
      ...Object.fromEntries(of.map(({ UserId }) => [UserId, { ...before[UserId], ...change }])),
    }));
  }

  return (
    <UserBatch
      title="Edit users"
      verb="Save"
      width="large"
      users={changed}
      size={AT_ONCE}
      run={async (portion) =>
        (await call("chime", "BatchUpdateUser", { AccountId, UpdateUserRequestItems: portion.map(itemOf) })).UserErrors
      }
      onClose={onClose}
      onDone={onDone}
    >
      <SpaceBetween size="m">
        <FormField label="Licence of all" description="Or choose for each below.">
          <SpaceBetween direction="horizontal" size="xs">
            {licenses.map(({ value, label }) => (
              <Button key={value} onClick={() => set(users, { LicenseType: value as License })}>
                {label}
              </Button>
            ))}
          </SpaceBetween>
        </FormField>
        <Table
          variant="embedded"
          items={users}
          trackBy="UserId"
          ariaLabels={{ tableLabel: "Users to edit" }}
          columnDefinitions={[
            { id: "email", header: "E-mail address", cell: nameOf, isRowHeader: true },
            {
              id: "license",
              header: "Licence",
              minWidth: 140,
              cell: (user) => (
                <Select
                  ariaLabel={`Licence of ${nameOf(user)}`}
                  selectedOption={shown(licenses, changes[user.UserId]?.LicenseType ?? user.LicenseType)}
                  options={licenses}
                  placeholder="none"
                  onChange={({ detail }) => set([user], { LicenseType: detail.selectedOption.value as License })}
                />
              ),
            },
            {
              id: "type",
              header: "Type",
              minWidth: 170,
              cell: (user) => (
                <Select
                  ariaLabel={`Type of ${nameOf(user)}`}
                  selectedOption={shown(types, changes[user.UserId]?.UserType ?? user.UserType)}
                  options={types}
                  onChange={({ detail }) => set([user], { UserType: detail.selectedOption.value as Type })}
                />
              ),
            },
          ]}
        />
        <CopyAs
          service="chime"
          operation="BatchUpdateUser"
          input={{ AccountId, UpdateUserRequestItems: changed.slice(0, AT_ONCE).map(itemOf) }}
        />
      </SpaceBetween>
    </UserBatch>
  );
}

function shown(options: SelectProps.Option[], value: string | undefined): SelectProps.Option | null {
  return options.find((option) => option.value === value) ?? (value ? { value, label: value } : null);
}
