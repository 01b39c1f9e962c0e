// Every page, and the operations that it has controls for. A new page is a line here.

import { type ComponentType, lazy } from "react";

export interface Page {
  path: string;
  title: string;
  group: (typeof GROUPS)[number];
  /** Whose entry of the menu is lit: its own, if it has one. */
  menu: string;
  parents?: { title: string; path: string }[];
  /** By service and name: `chime/ListAccounts`. */
  operations: string[];
  /** The one of them without which there is nothing to show. */
  needs?: string;
  /** What people may look for who want this page. */
  words?: string[];
  Component: ComponentType;
}

/** Headings of the menu: those of the table of actions, then those of IAM. */
export const GROUPS = ["Overview", "Accounts and users", "Access", "Audit", "You"] as const;

const ACCOUNTS = { title: "Accounts", path: "/accounts" };
const ACCOUNT = { title: "Account", path: "/accounts/:accountId" };

export const PAGES: Page[] = [
  {
    path: "/",
    title: "Overview",
    group: "Overview",
    menu: "/",
    operations: ["sts/GetCallerIdentity", "access-analyzer/ListCallerPermissions"],
    Component: lazy(() => import("./overview")),
  },
  {
    path: "/accounts",
    title: "Accounts",
    group: "Accounts and users",
    menu: "/accounts",
    operations: ["chime/ListAccounts", "chime/CreateAccount"],
    words: ["create account", "chime"],
    needs: "chime/ListAccounts",
    Component: lazy(() => import("./accounts/accounts")),
  },
  {
    path: "/accounts/:accountId",
    title: "Account",
    group: "Accounts and users",
    menu: "/accounts",
    parents: [ACCOUNTS],
    operations: [
      "chime/GetAccount",
      "chime/RenameAccount",
      "chime/DeleteAccount",
      "chime/GetAccountSettings",
      "chime/UpdateAccountSettings",
    ],
    needs: "chime/GetAccount",
    Component: lazy(() => import("./accounts/account")),
  },
  {
    path: "/accounts/:accountId/users",
    title: "Users",
    group: "Accounts and users",
    menu: "/accounts",
    parents: [ACCOUNTS, ACCOUNT],
    operations: [
      "chime/ListUsers",
      "chime/GetUserByEmail",
      "chime/InviteUsers",
      "chime/SuspendUsers",
      "chime/ActivateUsers",
      "chime/BatchSuspendUser",
      "chime/BatchUnsuspendUser",
      "chime/UpdateUserLicenses",
      "chime/BatchUpdateUser",
    ],
    needs: "chime/ListUsers",
    Component: lazy(() => import("./users/users")),
  },
  {
    path: "/accounts/:accountId/users/:userId",
    title: "User",
    group: "Accounts and users",
    menu: "/accounts",
    parents: [ACCOUNTS, ACCOUNT, { title: "Users", path: "/accounts/:accountId/users" }],
    operations: ["chime/GetUser", "chime/LogoutUser", "chime/ResetPersonalPIN"],
    needs: "chime/GetUser",
    Component: lazy(() => import("./users/user")),
  },
  {
    path: "/iam/users",
    title: "IAM users",
    group: "Access",
    menu: "/iam/users",
    operations: ["iam/ListUsers", "iam/CreateUser", "iam/DeleteUser"],
    words: ["administrators", "create user"],
    needs: "iam/ListUsers",
    Component: lazy(() => import("./iam/users")),
  },
  {
    path: "/iam/policies",
    title: "Policies",
    group: "Access",
    menu: "/iam/policies",
    operations: ["iam/ListPolicies", "iam/CreatePolicy"],
    words: ["permissions", "json"],
    needs: "iam/ListPolicies",
    Component: lazy(() => import("./iam/policies")),
  },
  {
    path: "/audit",
    title: "Audit trail",
    group: "Audit",
    menu: "/audit",
    operations: ["cloudtrail/LookupEvents"],
    words: ["events", "cloudtrail", "who did"],
    needs: "cloudtrail/LookupEvents",
    Component: lazy(() => import("./audit/audit")),
  },
  {
    path: "/security",
    title: "Sessions and password",
    group: "You",
    menu: "/security",
    operations: ["iam/ChangePassword"],
    words: ["sign out", "devices"],
    Component: lazy(() => import("./security")),
  },
  {
    path: "/switch-role",
    title: "Switch role",
    group: "You",
    menu: "/switch-role",
    operations: ["sts/AssumeRole"],
    Component: lazy(() => import("./switch-role")),
  },
];
