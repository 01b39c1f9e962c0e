import Box from "@cloudscape-design/components/box";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useState } from "react";

import { call } from "../../api/client";
import { ListTable } from "../../common/list-table";
import { usePagesOf } from "../../common/pages-of";
import { useDelayed } from "../../common/use-delayed";
import { Extent, Reasons } from "./reasons";

export default function WhatCan() {
  const [principal, setPrincipal] = useState("");
  const asked = useDelayed(principal.trim(), 500);
  const list = usePagesOf(["what-can", asked], async (nextToken) => {
    const answer = await call("access-analyzer", "WhatCan", {
      principal: asked || undefined,
      nextToken,
      maxResults: 10,
    });
    const items = answer.principals.flatMap(({ principal, permissions }) =>
      permissions.map((permission, index) => ({ ...permission, principal, id: `${principal}/${index}` })),
    );
    return { items, next: answer.nextToken };
  });
  return (
    <ListTable
      title="What can"
      description="What users and roles may do, after denials and boundaries."
      list={list}
      trackBy="id"
      filter={
        <FormField label="User or role">
          <Input
            value={principal}
            onChange={({ detail }) => setPrincipal(detail.value)}
            placeholder="Name or ARN; everybody, if empty"
          />
        </FormField>
      }
      columns={[
        { id: "principal", header: "Principal", cell: (one) => one.principal, isRowHeader: true },
        { id: "service", header: "Service", cell: (one) => one.service },
        { id: "level", header: "Access level", cell: (one) => one.accessLevel ?? "–" },
        {
          id: "actions",
          header: "Actions",
          cell: (one) =>
            one.actions.length <= 3 ? (
              one.actions.join(", ")
            ) : (
              <ExpandableSection headerText={`${one.actions.length} actions`} variant="inline">
                <Box>{one.actions.join(", ")}</Box>
              </ExpandableSection>
            ),
        },
        { id: "extent", header: "How far", cell: (one) => <Extent of={one.access} /> },
        { id: "why", header: "Why", cell: (one) => <Reasons of={one.access} /> },
      ]}
    />
  );
}
