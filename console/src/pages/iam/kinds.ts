// Users, groups and roles have policies in the same way: what the operations are called for each.

import { call } from "../../api/client";
import type { IamAttachedPolicy } from "../../api/operations";

export type Kind = "User" | "Group" | "Role";

interface Policies {
  attached: (name: string, Marker?: string) => Promise<{ AttachedPolicies: IamAttachedPolicy[]; Marker?: string }>;
  inline: (name: string, Marker?: string) => Promise<{ PolicyNames: string[]; Marker?: string }>;
  get: (name: string, PolicyName: string) => Promise<{ PolicyDocument: string }>;
  put: (name: string, PolicyName: string, PolicyDocument: string) => Promise<unknown>;
  remove: (name: string, PolicyName: string) => Promise<unknown>;
  attach: (name: string, PolicyArn: string) => Promise<unknown>;
  detach: (name: string, PolicyArn: string) => Promise<unknown>;
}

export const POLICIES: Record<Kind, Policies> = {
  User: {
    attached: (UserName, Marker) => call("iam", "ListAttachedUserPolicies", { UserName, Marker, MaxItems: 100 }),
    inline: (UserName, Marker) => call("iam", "ListUserPolicies", { UserName, Marker, MaxItems: 100 }),
    get: (UserName, PolicyName) => call("iam", "GetUserPolicy", { UserName, PolicyName }),
    put: (UserName, PolicyName, PolicyDocument) => call("iam", "PutUserPolicy", { UserName, PolicyName, PolicyDocument }),
    remove: (UserName, PolicyName) => call("iam", "DeleteUserPolicy", { UserName, PolicyName }),
    attach: (UserName, PolicyArn) => call("iam", "AttachUserPolicy", { UserName, PolicyArn }),
    detach: (UserName, PolicyArn) => call("iam", "DetachUserPolicy", { UserName, PolicyArn }),
  },
  Group: {
    attached: (GroupName, Marker) => call("iam", "ListAttachedGroupPolicies", { GroupName, Marker, MaxItems: 100 }),
    inline: (GroupName, Marker) => call("iam", "ListGroupPolicies", { GroupName, Marker, MaxItems: 100 }),
    get: (GroupName, PolicyName) => call("iam", "GetGroupPolicy", { GroupName, PolicyName }),
    put: (GroupName, PolicyName, PolicyDocument) =>
      call("iam", "PutGroupPolicy", { GroupName, PolicyName, PolicyDocument }),
    remove: (GroupName, PolicyName) => call("iam", "DeleteGroupPolicy", { GroupName, PolicyName }),
    attach: (GroupName, PolicyArn) => call("iam", "AttachGroupPolicy", { GroupName, PolicyArn }),
    detach: (GroupName, PolicyArn) => call("iam", "DetachGroupPolicy", { GroupName, PolicyArn }),
  },
  Role: {
    attached: (RoleName, Marker) => call("iam", "ListAttachedRolePolicies", { RoleName, Marker, MaxItems: 100 }),
    inline: (RoleName, Marker) => call("iam", "ListRolePolicies", { RoleName, Marker, MaxItems: 100 }),
    get: (RoleName, PolicyName) => call("iam", "GetRolePolicy", { RoleName, PolicyName }),
    put: (RoleName, PolicyName, PolicyDocument) => call("iam", "PutRolePolicy", { RoleName, PolicyName, PolicyDocument }),
    remove: (RoleName, PolicyName) => call("iam", "DeleteRolePolicy", { RoleName, PolicyName }),
    attach: (RoleName, PolicyArn) => call("iam", "AttachRolePolicy", { RoleName, PolicyArn }),
    detach: (RoleName, PolicyArn) => call("iam", "DetachRolePolicy", { RoleName, PolicyArn }),
  },
};

/** A stored document as text: the API has it URL-encoded. */
export function documentOf(encoded: string): string {
  try {
    const text = decodeURIComponent(encoded);
    return `${JSON.stringify(JSON.parse(text), null, 2)}\n`;
  } catch {
    return encoded;
  }
}
